"""`python -m gateway`, and the console script `gateway`."""

import sys

from gateway.commands.failures import guarded
from gateway.commands.root import gateway


def main() -> None:
    """Run the command line and end the process with its exit code."""
    sys.exit(guarded(lambda: gateway.main(prog_name="gateway", standalone_mode=False)))


if __name__ == "__main__":
    main()
