"""`python -m plumbline`, where the command's folder is not on the path."""

from __future__ import annotations

import sys

from plumbline.cli.main import main

sys.exit(main())
