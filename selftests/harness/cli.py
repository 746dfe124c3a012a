# SPDX-License-Identifier: GPL-2.0-or-later
"""What the entry scripts share: errors and Ctrl-C end without a traceback."""

from __future__ import annotations

import argparse
import errno
import sys
from collections.abc import Callable

from .errors import HarnessError


def entry_point(main: Callable[[list[str]], int]) -> None:
    """Run `main` with the command line's arguments and exit with its status."""
    name = sys.argv[0].rpartition("/")[2]
    try:
        status = main(sys.argv[1:])
        sys.stdout.flush()
    except HarnessError as error:
        print(f"{name}: {error}", file=sys.stderr)
        status = 2
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        status = 130
    except BrokenPipeError:
        # The reader of our output has gone; nothing more to tell it.
        sys.stderr.close()
        status = 141
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        print(f"{name}: no space left on the device ({error.filename or 'see df'})", file=sys.stderr)
        status = 2
    sys.exit(status)


def assignment(text: str) -> tuple[str, str]:
    """NAME=VALUE of an option."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value
