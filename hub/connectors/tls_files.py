"""What the TLS of all doors says of certificate files that cannot be used: the reason, never what stands in them."""

from __future__ import annotations

import ssl

__all__ = ["no_password", "why"]


def no_password() -> str:
    """For `ssl.SSLContext.load_cert_chain`, which would ask on the terminal: ValueError."""
    raise ValueError("the private key has a password: take it away")


def why(error: Exception) -> str:
    """In a few words."""
    if isinstance(error, ssl.SSLError):
        return (error.reason or "not PEM").lower().replace("_", " ")
    return getattr(error, "strerror", None) or str(error)
