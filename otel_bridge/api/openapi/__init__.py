"""DESCRIBE: the OpenAPI document of the routes, and the page that shows it.

Nothing here is imported before somebody asks for either: models of answers serve no other purpose, because
answers are written by whoever has the values.
"""
