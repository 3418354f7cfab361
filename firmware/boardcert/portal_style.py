"""What of the page never changes: its style, its one script, and the header that allows them."""

from binascii import b2a_base64
from hashlib import sha256

STYLE = """
:root{color-scheme:light dark;--page:#f4f6f8;--card:#fff;--text:#1b1f24;--soft:#57606a;
--line:#8c959f;--main:#0b5cad;--on:#fff;--bad:#b42318;--good:#116329}
@media(prefers-color-scheme:dark){:root{--page:#0d1117;--card:#161b22;--text:#e6edf3;
--soft:#9da7b3;--line:#6e7681;--main:#79b8ff;--on:#0d1117;--bad:#ff8f86;--good:#7ee787}}
*{box-sizing:border-box}
body{font:1rem/1.5 system-ui,sans-serif;color:var(--text);background:var(--page);
max-width:46rem;margin:0 auto;padding:1rem}
h1{font-size:1.6rem;line-height:1.2;margin:.5rem 0;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin:0 0 .6rem}
h3{font-size:1rem;margin:0 0 .4rem}
section,form{margin:0 0 1rem}
section,.note{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:1rem}
section form{border-top:1px solid var(--line);padding-top:1rem}
p{margin:.3rem 0 .6rem}
.note{border-left:.4rem solid var(--good);margin-bottom:1rem}
.bad{border-color:var(--bad)}
.error{display:block;color:var(--bad);font-weight:600}
.soft,dt{color:var(--soft)}
dl{margin:0}
dt{font-size:.9rem;margin-top:.5rem}
dd{margin:0;overflow-wrap:anywhere;font-variant-ligatures:none}
@media(min-width:36rem){dl{display:grid;grid-template-columns:11rem 1fr;gap:.3rem 1rem}dt{margin:0}}
code,textarea{font-family:ui-monospace,monospace;font-size:.95rem;overflow-wrap:anywhere}
.words{font-size:1.15rem;font-weight:600}
a{color:var(--main)}
label{display:block;font-weight:600}
input,textarea{width:100%;padding:.5rem;font-size:1rem;color:inherit;background:var(--card);
border:1px solid var(--line);border-radius:.3rem}
textarea{height:8rem}
[aria-invalid]{border:2px solid var(--bad)}
button{font:inherit;font-weight:600;padding:.55rem 1rem;border:2px solid var(--main);
border-radius:.3rem;background:var(--main);color:var(--on);cursor:pointer}
.danger button{border-color:var(--bad);background:none;color:var(--bad)}
:focus-visible{outline:3px solid var(--main);outline-offset:2px}
"""

# Without it, certificates are pasted: a form cannot send a file as text.
SCRIPT = """
for(const f of document.querySelectorAll("input[type=file]")){f.parentNode.hidden=false;
f.onchange=async()=>{const t=document.getElementById(f.dataset.to);
t.value=await f.files[0].text();t.focus()}}
document.querySelector(".bad")?.focus()
"""


def headers() -> dict:
    """Return the headers of every answer.

    No HSTS: it would bind every port of the name, and with a certificate that no CA signed a
    browser does not heed it. Referrer-Policy is not no-referrer: with that, browsers would send
    "Origin: null" with the page's own forms.
    """
    policy = (
        f"default-src 'none'; style-src {_hash(STYLE)}; script-src {_hash(SCRIPT)}; "
        "img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
    return {
        "Cache-Control": "no-store",
        "Content-Security-Policy": policy,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }


def _hash(text: str) -> str:
    digest = sha256(text.encode()).digest()
    return f"'sha256-{b2a_base64(digest).decode().strip()}'"
