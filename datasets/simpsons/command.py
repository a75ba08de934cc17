"""How commands end: 2 and one line for data that cannot be used, 130 for Ctrl-C."""

import functools
import sys
from collections.abc import Callable

from simpsons.errors import DataError


def command(main: Callable[[], None]) -> Callable[[], None]:
    """Wrap the main function of a script."""

    @functools.wraps(main)
    def wrapped() -> None:
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")  # a terminal that knows no Cyrillic
        try:
            main()
        except DataError as error:
            _end(str(error), 2)
        except NotImplementedError as error:
            _end(f"not written yet: {error}", 2)
        except OSError as error:
            _end(f"{error.filename or 'file'}: {error.strerror or error}", 2)
        except KeyboardInterrupt:
            _end("interrupted", 130)

    return wrapped


def _end(text: str, code: int) -> None:
    sys.stdout.flush()
    print(f"simpsons: {text}", file=sys.stderr)
    raise SystemExit(code)
