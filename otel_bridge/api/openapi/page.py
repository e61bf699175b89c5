def page(document: bytes) -> bytes:
    return document
