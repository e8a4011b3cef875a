"""Write docs/settings.md from the dataclasses of plain/config.py: every value that `--set` takes, with its help and bounds.

Run it after a change there; with `--check` it only says whether the page is up to date.
"""

from __future__ import annotations

import sys
from dataclasses import MISSING, Field, fields
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "settings.md"

HEAD = """# Settings

Generated from `src/plainloop/plain/config.py` by `docs/make_settings.py`.

Every value of a run stands in its `run.toml`, with the reason for it in a comment. `--set name=value` changes one that has no
option of its own; it can be given several times:

```
plainloop train passengers.csv --target survived --set train.schedule=cosine --set train.clip=1.0
```

A default here is what holds where nothing is known; for a given table `resolve` often picks a better one and says why.
"""


def bounds(field: Field[object]) -> str:
    """The values a setting takes, in words."""
    meta = field.metadata
    if meta["choices"]:
        return ", ".join(f"`{choice}`" for choice in meta["choices"])
    parts = [f"above {meta['above']:g}"] if meta["above"] is not None else []
    parts += [f"from {meta['low']:g}"] if meta["low"] is not None else []
    parts += [f"to {meta['high']:g}"] if meta["high"] is not None else []
    return " ".join(parts)


def page() -> str:
    from plainloop.plain import config

    lines = [HEAD]
    for kind in (config.Split, config.Task, config.Train, config.Machine, config.Text, config.Augmentation):
        table = "augment" if kind is config.Augmentation else kind.__name__.lower()
        lines += [f"## {table}", "", "| name | meaning | default | values |", "|---|---|---|---|"]
        for field in fields(kind):
            if field.metadata and field.default is not MISSING:
                default = f"`{field.default}`" if field.default != "" else "none"
                lines.append(f"| `{table}.{field.name}` | {field.metadata['help']} | {default} | {bounds(field)} |")
        lines.append("")
    return "\n".join(lines)


def main() -> int:
    text = page()
    if "--check" not in sys.argv:
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        print("docs/settings.md is out of date: python docs/make_settings.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "src"))
    sys.exit(main())
