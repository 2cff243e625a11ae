"""The ground of kliping: values, errors, settings and the clock. It imports none of the other rooms."""

__version__ = "0.1.0"
