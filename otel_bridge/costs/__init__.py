"""PRICE: what tokens cost. Pure, but for the kept library of default prices."""
