"""Which modules of boardcert load together, and at which moment: data for the build, nothing else.

Modules that are needed at the same moment are one file on a board, which takes some 11 ms to find a
file. A file has the name of one of its parts, by which it is imported; the parts are in the order
in which they use each other. host_tools/boardcert_host/build/package.py reads this.
"""

# file: its parts.
_EVERY_BOOT = {
    "__init__": (
        "__init__",
        "modules",
        "board",
        "record",
        "stale",
        "performing",
        "deferring",
        "lifecycle",
    ),
    "store": ("store", "loading"),
}
_SERVING = {
    "server": ("limits", "connection", "tls_reserve", "sharing", "accepting", "server"),
    "keep_alive": ("http_refusal", "http_head", "keep_alive"),
    "http_parse": ("http_parse",),
    "tls": ("tls",),
    "application": ("application",),
    "running": ("wifi", "clock", "news", "joining", "running"),
    "dns": ("dns",),
    "programs": ("programs",),
    "microdot_exchange": ("microdot_exchange",),
    "mutual_tls": ("mutual_tls",),
    "redirect": ("redirect",),
    "serial_line": ("serial_line",),
    "poll_repair": ("poll_repair",),
    "esp32_reserve": ("esp32_heap", "esp32_reserve"),
}
_PAGE = {
    "page_portal": ("page_state", "page_portal"),
    "page_show": ("page_request", "page_access", "page_show"),
    "page_routes": ("page_routes",),
    "page_http": ("page_http",),
    "page_body": ("page_fields", "page_body"),
    "page_json_fields": ("page_json_fields",),
    "page_forms": ("page_forms",),
    "page_lines": ("page_lines", "page_answer"),
    "page_head": ("page_head",),
    "page_send": ("page_send",),
    "page_bodies": ("page_bodies",),
    "page_authority": ("page_authority",),
    "page_facts": ("report", "page_words", "page_facts"),
    "page_view": ("page_html", "page_view"),
    "page_pieces": ("page_pieces",),
    "page_texts": ("page_texts",),
    "pem_blocks": ("pem_blocks",),
    "page_actions": ("page_restarts", "page_actions"),
}
_JUDGING = {
    "pem": ("pem",),
    "certificate": ("fields", "der", "keys", "certificate"),
    "sources": ("settings", "job", "stored", "generated", "sources", "phases", "at_once"),
    "ipv6": ("ipv6",),
    "in_phases": ("in_phases",),
    "found_quickly": ("found_quickly",),
    "tasks": ("tasks",),
    "change_settings": ("change_settings",),
    "accept": ("accept",),
    "offer": ("link", "chain", "key_import", "offer"),
    "strict": ("der_checks", "certificate_names", "policies", "extensions", "strict"),
    "proof": ("proof",),
    "signatures": ("signatures",),
    "oids": ("oids",),
    "wishes": ("wishes",),
    "fulfil": ("fulfil",),
}
_SIGNING = {
    "noise": ("health_tests", "noise"),
    "noise_generators": ("noise_generators",),
    "ecdsa": ("kernel_sha512", "sha384", "drbg", "ec", "ecdsa", "seeding"),
    "p384_kernel": ("kernel", "p384_kernel"),
    "ladder": ("ladder",),
    "bigint_engine": ("inverse", "bigint_engine"),
    "window": ("window",),
    "p384_bigint": ("p384_bigint",),
    "p384_comb": ("p384_comb",),
    "p384_reduce": ("p384_reduce",),
    "sha512_block": ("sha512_block",),
    "curves": ("sha512", "curves"),
    "p256_comb": ("p256_comb",),
    "p521_comb": ("p521_comb",),
    "rsa": ("kernel_rsa", "rsa_kernel", "rsa"),
    "rsa_bigint": ("rsa_bigint",),
    "rsa_generate": ("rsa_generate",),
    "background_key": ("rsa_memory", "background_key"),
    # The encoder of a certificate is released before the arithmetic signs.
    "issue": ("issue",),
    # For boards that are their own authority.
    "authority": ("ecdsa_pair", "authority"),
    "authority_certificate": ("authority_certificate",),
    "generate": ("steps", "generate"),
}
_STORING = {
    "store_write": ("store_write", "losses"),
    "wiping": ("store_remove", "wiping"),
    "store_wipe": ("store_wipe",),
    "token_file": ("token_file",),
}

MOMENTS = {
    "every boot": _EVERY_BOOT,
    "serving": _SERVING,
    "page": _PAGE,
    "judging": _JUDGING,
    "signing": _SIGNING,
    "storing": _STORING,
}
"""They get names of the firmware, which take no memory, in this order: resident modules first."""

PORTABLE = {
    "bigint_engine": (),
    "p384_bigint": ("inverse", "p384_comb", "bigint_engine", "p384_bigint"),
    # Encoders and decoders of certificates are not loaded together with the arithmetic.
    "certificate": ("certificate",),
    "keys": ("der", "keys"),
    # The rest of "sources" is not loaded together with the arithmetic.
    "in_phases": ("phases", "in_phases"),
}
"""Files that differ without a kernel, where every board needs the engine of the big integers."""

NATIVE = {
    "sha384": ("sha384",),
    "noise": ("health_tests", "noise"),
}
"""Files with native code, which ESP32s never free: there, they are separate."""

EITHER = {"in_phases": ("phases", "found_quickly", "in_phases")}
"""Other files that differ there, because a kernel exists but may be refused."""

FALLBACKS = ("sha512_block", "p384_bigint", "p384_reduce", "p384_comb", "rsa_bigint", "in_phases")
FALLBACKS += ("found_quickly",)
"""Modules that a board never imports if every firmware runs its kernel."""

KERNEL_USERS = ("p384_kernel", "rsa_kernel")
"""Modules that need a kernel."""

COMPILED_ONLY = (*KERNEL_USERS, "found_quickly")
"""Modules that a package of sources does without: a Pico W's flash has no room for more."""

OTHER_CHIPS = ("noise_generators", "esp32_heap", "esp32_reserve")
"""Modules that the RP2040 never imports."""

QUICK = ("page_portal", "application", "tls", "loading", "settings", "in_phases", "at_once")
QUICK += ("tasks", "token_file", "store", "store_write", "losses", "certificate", "fields", "issue")
QUICK += ("offer", "strict", "proof", "generate", "noise", "dns", "clock", "wifi", "machine")
QUICK += ("ntptime", "tls_reserve", "esp32_reserve", "noise_generators", "sha384")
"""Modules that functions import from the firmware first, see modules.FirmwareFirst: modules of the
firmware, and those that import several of these."""

TEMPLATE = "page_template"
"""Not a module on a board: it is read from its file in pieces; compiled, all of it would be in
memory."""

FACES = (
    "__init__",
    "connection",
    "lifecycle",
    "limits",
    "mutual_tls",
    "page_portal",
    "serial_line",
    "server",
)
FACES += ("programs", "running", "application", "store", "tls")
"""Modules whose functions applications or Microdot call by the names of their arguments."""

INNER = """
CONFIG_NAME GENERATED INSTALLED MAGIC PAGE_AFTER_MS SLOTS TOKEN_MARK WIPING WISH began_ms check_app
check_limits check_line check_port current_context fits give_memory has_spoken has_wish
heap_free_bytes identify_apart idle_ms is_anyone_connected is_at_work is_form
is_of_page is_overdue is_waiting lacks_memory leave_turn lend make_portal prepare_apart read_config
read_exactly release_all restart_soon servers stale_reason strong_suites take_memory take_turn
tls_free_bytes took_memory was_settled yields
"""
"""Names in these modules that only the package uses."""

TESTED = ("dns", "drbg", "ec", "ecdsa", "p384_reduce", "record", "rsa")
TESTED += ("rsa_generate", "sha384", "tls_reserve")
"""Modules whose names benchmarks and tests of the package on boards know."""
