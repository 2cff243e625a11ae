"""Every exception kliping raises on purpose.

KlipingError
  x ConfigError          a setting is unknown, missing or wrong; the start stops with this one line
  x InputError           a file, URL or name an operator gave cannot be used
  x NotFound             the feed, article, entry or host asked for is not in the database
  x LeaseHeld            somebody else is visiting the host; names the holder
  x LeaseLost            our lease ran out and was given to somebody else; nothing may be written under it
  x DatabaseError        Postgres cannot be started, reached, or is of another major version or schema
  x ParseError           a document cannot be read at all
    + FeedError          ... a feed document
    + PageError          ... an article page
    + RuleError          ... a rule file
  x SandboxError         a parsing child did not answer
    + SandboxTimeout     ... within its CPU or wall limit
    + SandboxMemory      ... within its memory limit
    + SandboxCrash       ... because it died

Inside a batch an error is a value (an outcome, a reason in the ledger): one bad entry costs one entry.
"""


class KlipingError(Exception):
    """Base of the tree; its text is one line that an operator can act on."""


class ConfigError(KlipingError):
    """A setting is unknown, missing or wrong."""


class InputError(KlipingError):
    """What an operator gave on the command line cannot be used."""


class NotFound(KlipingError):
    """What was asked for is not in the database."""


class LeaseHeld(KlipingError):
    """Somebody else is visiting the host."""


class LeaseLost(KlipingError):
    """The lease under which we worked has been given to somebody else."""


class DatabaseError(KlipingError):
    """Postgres cannot be started, reached or used."""


class ParseError(KlipingError):
    """A document cannot be read at all."""


class FeedError(ParseError):
    """A feed document cannot be read; the text begins with a word of `model.FeedFault`."""


class PageError(ParseError):
    """An article page cannot be read."""


class RuleError(ParseError):
    """A rule file is not valid."""


class SandboxError(KlipingError):
    """A parsing child did not answer."""


class SandboxTimeout(SandboxError):
    """A parsing child ran over its CPU or wall limit and was killed."""


class SandboxMemory(SandboxError):
    """A parsing child ran over its memory limit."""


class SandboxCrash(SandboxError):
    """A parsing child died."""
