"""What of the functional tests this host can run."""

from __future__ import annotations

import shutil

collect_ignore = [] if shutil.which("go") else ["test_functions_go.py", "test_third_party_go.py"]
