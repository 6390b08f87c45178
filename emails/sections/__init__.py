"""The kinds of section that an edition can hold: one module a kind.

A module here is found by itself; its class names its `kind` and joins the union of
`Issue.sections`. Nothing else has to be edited for a new kind but its templates.
"""

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__, prefix=f"{__name__}."):
    importlib.import_module(_module.name)
