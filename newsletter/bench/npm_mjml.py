"""npm's mjml, the reference implementation, on the same MJML; where it is installed already."""

import json
import os
import shutil
import subprocess
from pathlib import Path

TIMEOUT = 120.0
CHECKOUT = Path(__file__).parents[2] / "tests" / "node" / "node_modules"
"""Where `npm install --prefix tests/node` puts it in a checkout."""
SCRIPT = """
const mjml = require('mjml');
const render = mjml.default || mjml;
const source = require('fs').readFileSync(0, 'utf8');
(async () => {
  const times = [];
  for (let run = 0; run < 12; run++) {
    const begun = process.hrtime.bigint();
    await render(source, {validationLevel: 'skip'});
    times.push(Number(process.hrtime.bigint() - begun) / 1e6);
  }
  times.splice(0, 2);
  times.sort((a, b) => a - b);
  console.log(JSON.stringify(times[times.length >> 1]));
})();
"""
"""Median of ten warm runs; since version 5 it answers with a promise."""


def npm_mjml_ms(mjml: str) -> float | None:
    """Milliseconds of a warm run; None without node or without the package. Fetches nothing.

    Looked for where node looks: beside the working directory, in NODE_PATH, among npm's global
    packages, and where a checkout's own checks have it.
    """
    node = shutil.which("node")
    if node is None:
        return None
    run = subprocess.run(  # noqa: S603 - our own script
        [node, "-e", SCRIPT],
        input=mjml,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
        env={**os.environ, "NODE_PATH": _search_path(Path(node))},
    )
    if run.returncode:
        return None
    milliseconds: float = json.loads(run.stdout)
    return round(milliseconds, 2)


def _search_path(node: Path) -> str:
    """NODE_PATH, the global packages' folder, which lies beside node's own, and the checkout's."""
    shared = node.resolve().parent.parent / "lib" / "node_modules"
    folders = (os.environ.get("NODE_PATH"), str(shared), str(CHECKOUT))
    return os.pathsep.join(filter(None, folders))
