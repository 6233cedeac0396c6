"""Records traces: fills in what the platform's engine says to each command.

    record.py < commands.jsonl > trace.jsonl

Each line is a game, `{"ruleset": ..., "note": ..., "steps": [{"cmd": {...}}, ...]}`; an `out` that is there is replaced.
"""

import json
import sys

from engine import Engine

for line in sys.stdin:
    game = json.loads(line)
    engine = Engine()
    game["steps"] = [{"cmd": step["cmd"], "out": engine.run(step["cmd"])} for step in game["steps"]]
    print(json.dumps(game, separators=(",", ":")))
