"""`python -m entrypoints.cli` is `dunlin`."""

import sys

from entrypoints.cli import main

sys.exit(main())
