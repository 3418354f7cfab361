"""The page, a template for pieces, which explains its marks; before it, the headers of each answer.

The text is read from its file as it is, in small pieces: on a board it is not compiled, and never
in memory as a whole. Frozen into the firmware, it is a module, whose bytes are in flash. No line of
it is as long as the pieces that are sent. The script comes before the forms: one that is sent while
the rest of a slow board's page is still arriving keeps its texts, too.

No HSTS: it would apply to every port of the name, and browsers ignore it with a certificate that no
CA signed. Referrer-Policy is not no-referrer: with that, browsers would send "Origin: null" with
the page's own forms. The two hashes are those of the style and of the only script. Without the
script, certificates have to be pasted, since a form cannot send a file as text.
"""

# ruff: noqa: E501 (lines of HTTP and HTML)
TEMPLATE = b"""
Cache-Control: no-store
Content-Security-Policy: default-src 'none'; style-src 'sha256-vgGDbFBKjJD4Sa9L8X+qQVFWXmCSsuQX+qUXyJszbH0='; script-src 'sha256-KD2VX9Ov9WUmysKk767wnaM3jR+PaAq2APfMEsW5cgQ='; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'
Cross-Origin-Opener-Policy: same-origin
Cross-Origin-Resource-Policy: same-origin
Referrer-Policy: same-origin
X-Content-Type-Options: nosniff
X-Frame-Options: DENY

<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,">
<title>$title$, its certificate</title>
<style>
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
input,select,textarea{width:100%;padding:.5rem;font-size:1rem;color:inherit;background:var(--card);
border:1px solid var(--line);border-radius:.3rem}
textarea{height:8rem}
[aria-invalid]{border:2px solid var(--bad)}
button{font:inherit;font-weight:600;padding:.55rem 1rem;border:2px solid var(--main);
border-radius:.3rem;background:var(--main);color:var(--on);cursor:pointer}
.danger button{border-color:var(--bad);background:none;color:var(--bad)}
:focus-visible{outline:3px solid var(--main);outline-offset:2px}
</style>
<script>
const s=sessionStorage,k=JSON.parse(s.kept||"{}");
s.removeItem("kept");
onsubmit=({target:f})=>{if(f.time)f.time.value=new Date().toISOString();
s.kept=JSON.stringify(Object.fromEntries([...f].filter(t=>/^(text|sel)/.test(t.type)).map(t=>[t.id,t.value])))};
addEventListener("DOMContentLoaded",()=>{
for(const f of document.querySelectorAll("input[type=file]")){f.parentNode.hidden=false;
f.onchange=async()=>{const t=document.getElementById(f.dataset.to),c="CERTIFICATE",q="PRIVATE KEY",w=t.name=="key"?q:c,n=`
`,b=new Uint8Array(await f.files[0].slice(0,99999).arrayBuffer()),i=2+(b[1]>128?b[1]-128:0),k=b[i]==48?c:b[i]==2&&b[i+2]<2?q:"",
x=b[0]==48?"-----BEGIN "+k+"-----"+n+btoa(String.fromCharCode(...b)).match(/.{1,64}/g).join(n)+n+"-----END "+k+"-----":
new TextDecoder(b[0]==255?"utf-16le":b[0]==254?"utf-16be":"utf-8").decode(b),
m=x.match(RegExp("-----BEGIN ([A-Z0-9]+ )*"+w+"-----[^]*?-----END [^-]+-----","g"));
if(m){t.value=m.join(n);t.focus()}
f.nextElementSibling.textContent=m?"":"No "+w.toLowerCase()+" in this file. For a .p12 or .p7b: boardcert install HOST FILE"}}
const e=document.querySelector(".bad");
if(e)for(const i in k){const t=document.getElementById(i);if(t)t.value=k[i]}
e?.focus()})
</script>
</head>
<body>
<header>
<h1>$host_name$</h1>
?generated
<p>This board made its own key and certificate.</p>
?installed
<p>This board serves a certificate that was installed.</p>
?builtin
<p>This board serves a certificate that is built into its program.</p>
?
</header>
<main>
$message$<section aria-labelledby="h1">
<h2 id="h1">Is this the right board?</h2>
<p>Compare with the label, or with what the board says over USB. The first 16 bytes as words:</p>
<p><code class="words">$words$</code></p>
<p>SHA-256 of its public key, which stays the same:</p>
<p><code>$key_fingerprint$</code></p>
<p>SHA-256 of the certificate, which changes when signed again:</p>
<p><code>$fingerprint$</code></p>
</section>
<section aria-labelledby="h2">
<h2 id="h2">Certificate and board</h2>
<dl>
$rows$</dl>
</section>
<section aria-labelledby="h3">
<h2 id="h3">Downloads</h2>
<ul>
<li><a href="/certificate.pem" download>Certificate with its chain, PEM</a></li>
<li><a href="/certificate.der" download>Certificate, DER</a></li>
</ul>
</section>
?authority
<section aria-labelledby="h5">
<h2 id="h5">Without warnings</h2>
<p>This board is an authority for its own names. A device that has imported the authority's certificate trusts the board from then on, also after renewals.</p>
?exposed
<p class="error">This page came without encryption: anyone on the way can have put another authority here, good for any server.</p>
?authority
<p>First compare its SHA-256 with what the board says over USB, by <code>print(boardcert.identity().report()["authority"])</code>:</p>
<p><code>$authority$</code></p>
<ul>
<li>iPhone, iPad: open <a href="/authority.mobileconfig" download>this profile</a> in Safari; Settings, Profile Downloaded, Install; then Settings, General, About, Certificate Trust Settings: turn on full trust.</li>
<li>Mac: open the profile; System Settings, General, Device Management, Install.</li>
<li>Android: download <a href="/authority.crt" download>the certificate</a>; Settings, Security, Encryption and credentials, Install a certificate, CA certificate.</li>
<li>Windows: open the certificate; Install Certificate, Current User, Trusted Root Certification Authorities.</li>
<li>Firefox: Settings, Privacy and Security, View Certificates, Authorities, Import: trust it to identify websites.</li>
<li>Linux, or any computer with boardcert: <code>boardcert ca trust $known_as$</code></li>
</ul>
</section>
?
<section aria-labelledby="h4">
<h2 id="h4">Administration</h2>
?plain
<p>This page came without encryption: it is read-only.</p>
?signed_out
<p>It needs the token of this board. On the computer that flashed it: <code>boardcert token $known_as$</code>. At the board's USB prompt: <code>print(boardcert.identity().admin_token())</code></p>
<form method="post" action="/">
<input type="hidden" name="action" value="sign-in">
<p><label for="sign-in-token">Token</label>
$error.sign-in-token$<input id="sign-in-token" name="token" required spellcheck="false" type="password" autocomplete="off"$more.sign-in-token$></p>
<p><button>Sign in</button></p>
</form>
<p class="soft">Wrong tokens since the board started: $wrong_tokens$.</p>
?signed_in
<form method="post" action="/">
<input type="hidden" name="action" value="sign-out">
<input type="hidden" name="form" value="$form$">
<p>You are signed in. <button>Sign out</button></p>
</form>
<form method="post" action="/">
<input type="hidden" name="action" value="install">
<input type="hidden" name="form" value="$form$">
<input type="hidden" name="time" id="install-time">
<h3>Use a certificate of your CA</h3>
<ol>
<li>Download the request: <a href="/request.pem" download>PEM</a> or <a href="/request.der" download>DER</a>. The key stays on the board.</li>
<li>Have your CA sign it.</li>
<li>Install its answer here. It is served at once. Anything invalid is refused.</li>
</ol>
<p><label for="install-chain">Certificate and chain (PEM)</label>
<span class="soft" id="install-chain-hint">The board's own comes first.</span>
$error.install-chain$<textarea id="install-chain" name="chain" spellcheck="false" autocomplete="off" required$more.install-chain$>
$kept.chain$</textarea></p>
<p hidden><label for="install-chain-file">Certificate and chain (PEM), from a file</label>
<input type="file" id="install-chain-file" data-to="install-chain" accept=".pem,.crt,.cer,.key,.der"> <span class="soft" aria-live="polite"></span></p>
<p><label for="install-key">Private key (PEM)</label>
<span class="soft" id="install-key-hint">Empty if it is for this board's request.</span>
$error.install-key$<textarea id="install-key" name="key" spellcheck="false" autocomplete="off"$more.install-key$>
$kept.key$</textarea></p>
<p hidden><label for="install-key-file">Private key (PEM), from a file</label>
<input type="file" id="install-key-file" data-to="install-key" accept=".pem,.crt,.cer,.key,.der"> <span class="soft" aria-live="polite"></span></p>
<p><button>Install</button></p>
</form>
<form method="post" action="/">
<input type="hidden" name="action" value="settings">
<input type="hidden" name="form" value="$form$">
<h3>Settings</h3>
<p>The board restarts, and signs again with the same key. Devices import an authority once.</p>
<p><label for="settings-hostname">Host name</label>
$error.settings-hostname$<input id="settings-hostname" name="hostname" value="$host_name$" spellcheck="false" autocomplete="off" autocapitalize="none"$more.settings-hostname$></p>
<p><label for="settings-names">More names and addresses, separated by commas</label>
$error.settings-names$<input id="settings-names" name="names" value="$names$" spellcheck="false" autocomplete="off" autocapitalize="none"$more.settings-names$></p>
<p><label for="settings-validity_days">Validity of certificates, in days</label>
$error.settings-validity_days$<input id="settings-validity_days" name="validity_days" value="$validity_days$" inputmode="numeric" autocomplete="off"$more.settings-validity_days$></p>
<p><label for="settings-chain">Signed by</label>
$error.settings-chain$<select id="settings-chain" name="chain"$more.settings-chain$>
<option value="self">The board itself</option>
<option value="authority"$by_authority$>Its own authority, up to 397 days</option>
</select></p>
<p><button>Save and restart</button></p>
</form>
<form method="post" action="/">
<input type="hidden" name="action" value="renew">
<input type="hidden" name="form" value="$form$">
<h3>Sign again</h3>
<p>The same key, new dates and addresses.</p>
<p><button>Sign again</button></p>
</form>
<form method="post" action="/">
<input type="hidden" name="action" value="restart">
<input type="hidden" name="form" value="$form$">
<h3>Restart</h3>
<p>Nothing is lost.</p>
<p><button>Restart</button></p>
</form>
?removable
<form method="post" action="/" class="danger">
<input type="hidden" name="action" value="remove">
<input type="hidden" name="form" value="$form$">
<h3>Remove the installed certificate</h3>
<p>The one below is served again.</p>
<p><button>Remove</button></p>
</form>
?signed_in
<form method="post" action="/" class="danger">
<input type="hidden" name="action" value="new-key">
<input type="hidden" name="form" value="$form$">
<h3>New key</h3>
<p>Pins of the old key must be replaced. It can take minutes.</p>
<p><label for="new-key-hostname">Type $host_name$ to confirm</label>
$error.new-key-hostname$<input id="new-key-hostname" name="hostname" required spellcheck="false" autocomplete="off" autocapitalize="none"$more.new-key-hostname$></p>
<p><button>Make a new key</button></p>
</form>
<form method="post" action="/" class="danger">
<input type="hidden" name="action" value="reset">
<input type="hidden" name="form" value="$form$">
<h3>Factory reset</h3>
<p>New key, certificate and token; what was installed is removed. Settings and Wi-Fi password stay. It can take minutes.</p>
<p><label for="reset-hostname">Type $host_name$ to confirm</label>
$error.reset-hostname$<input id="reset-hostname" name="hostname" required spellcheck="false" autocomplete="off" autocapitalize="none"$more.reset-hostname$></p>
<p><button>Reset</button></p>
</form>
?
</section>
</main>
</body>
</html>
"""
