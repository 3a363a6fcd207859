"""The named captures. A scene takes an empty Capture and fills it; its doc string is what --list prints. Every module of this
package is read: a protocol's scenes are a module of their own.
"""
import importlib
import pkgutil

from tests.gen.scenes.cast import EICAR, PAGE, SCENES

__all__ = ["EICAR", "PAGE", "SCENES"]

for name in sorted(found.name for found in pkgutil.iter_modules(__path__)):
    importlib.import_module(f"tests.gen.scenes.{name}")
