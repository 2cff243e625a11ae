"""How a process that forks parsing children starts: an interpreter of its own, with little of our environment.

Its children parse hostile bytes, so no database URL and no secret goes there. It is lean besides: without `site`, which
would only find our own search path again, and without a collector that looks for garbage among what is imported.
"""

from __future__ import annotations

import os
import sys

_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH")
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}  # forks need a lone thread
_RUN = "import gc, sys; gc.disable(); sys.path[:] = sys.argv.pop(1).split({!r}); from {} import main; main()"


def command(module: str, *arguments: str) -> list[str]:
    """The command line that runs `main` of a module, with our search path made absolute, each place once."""
    path = os.pathsep.join(dict.fromkeys(os.path.abspath(entry or ".") for entry in sys.path))
    return [sys.executable, "-ISW", "ignore", "-c", _RUN.format(os.pathsep, module), path, *arguments]


def environment() -> dict[str, str]:
    """What such a process needs of our environment."""
    return {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ} | ONE_THREAD
