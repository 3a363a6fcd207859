"""python3 -m tests.gen NAME OUT.pcap | --list | --all FOLDER | --together OUT.pcap"""
import os
import sys

from tests.gen.capture import Capture
from tests.gen.scenes import SCENES


def write(name, path):
    capture = Capture()
    SCENES[name](capture)
    capture.write(path)


def main(arguments):
    if arguments == ["--list"]:
        for name, function in SCENES.items():
            print(f"{name:20} {function.__doc__}")
    elif len(arguments) == 2 and arguments[0] == "--all":
        os.makedirs(arguments[1], exist_ok=True)
        for name in SCENES:
            write(name, os.path.join(arguments[1], name + ".pcap"))
    elif len(arguments) == 2 and arguments[0] == "--together":
        everything = Capture()
        for function in SCENES.values():
            function(everything)
        everything.write(arguments[1])
    elif len(arguments) == 2 and arguments[0] in SCENES:
        write(*arguments)
    else:
        print(__doc__, file=sys.stderr)
        return 64
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
