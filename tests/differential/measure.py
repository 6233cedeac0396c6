"""How many questions a second the platform's engine answers.

    measure.py TRACE ...

Prints one number: questions a second over all games of the traces, in one thread. Starting a game is not counted, nor is
saying how things stand: the answer alone, after which the engine has worked out what may be asked next.
"""

import json
import sys
import time

from engine import Engine

questions, seconds = 0, 0.0
for path in sys.argv[1:]:
    for line in open(path, encoding="utf-8"):
        engine = Engine()
        for command in (step["cmd"] for step in json.loads(line)["steps"]):
            if "new" in command:
                engine.run(command)
                continue
            began = time.perf_counter()
            engine.ask(command)
            seconds += time.perf_counter() - began
            questions += 1
print(questions / seconds)
