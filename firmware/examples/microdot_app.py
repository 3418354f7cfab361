"""A Microdot application over HTTPS: a page with a form, and the same as JSON.

`boardcert flash` installs Microdot's core on the board.
"""

import boardcert
from microdot import Microdot, redirect

app = Microdot()
setpoint = {"celsius": 21}

_PAGE = """<!DOCTYPE html><title>Setpoint</title>
<form method="post">
<input type="number" name="celsius" value="{celsius}"> <button>Set</button>
</form>
"""


@app.get("/")
async def show(request):
    return _PAGE.format(**setpoint), {"Content-Type": "text/html"}


@app.post("/")
async def change(request):
    setpoint["celsius"] = int(request.form["celsius"])
    return redirect("/", 303)


@app.get("/setpoint")
async def as_json(request):
    return setpoint


boardcert.run(app)
