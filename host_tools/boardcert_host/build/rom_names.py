"""Names in MicroPython's flash that nothing looks up on an object of ours.

Any other name takes some 15 bytes of a board's memory, for good, once a module with it was loaded:
its characters, their hash, and a place in a table that grows by doubling. These were read in the
official images v1.27.0 of RPI_PICO_W, ESP32_GENERIC and ESP32_GENERIC_C3; one that some firmware
lacks costs its boards as much as any other name, and does no harm.

Not among them: names and strings of the package or Microdot, attributes of built-in types and of
asyncio's classes, and built-in names.

BY_NUMBER: names that a .mpy file stores as a number of one or two bytes, which is the same in every
firmware (py/makeqstrdata.py, static_qstr_list). Built-in types have attributes of most of these
names, so they are used only for what is not an attribute, except for OF_MEMBERS: those that neither
MicroPython nor Microdot looks for on an object that is not built in. Built-in functions and
exceptions are not among them.

TAKEN: names that the package itself also uses, and must continue to use.
"""

_TEXT = """
AF_INET AF_INET6 ARRAY AUTO BFINT16 BFINT32 BFINT8 BFUINT16 BFUINT32 BFUINT8 BF_LEN BF_POS
BIG_ENDIAN CERT_NONE DHT11 DHT22 DHTBase DS18X20 DeflateIO EACCES EADDRINUSE EAGAIN EALREADY EBADF
ECONNABORTED ECONNREFUSED ECONNRESET EHOSTUNREACH EINPROGRESS EIO EISDIR ENOBUFS ENODEV ENOMEM
ENOTCONN EOPNOTSUPP EPERM ETIMEDOUT FLAG_INDICATE FLAG_NOTIFY FLAG_READ FLAG_WRITE
FLAG_WRITE_NO_RESPONSE FLOAT32 FLOAT64 FileIO FrameBuffer FrameBuffer1 GS2_HMSB GS4_HMSB GS8 GZIP
I2S IF_AP IF_STA INV_TX IPPROTO_IP IPPROTO_TCP IP_ADD_MEMBERSHIP IRQ_BREAK IRQ_FALLING IRQ_RISING
IRQ_RXIDLE LITTLE_ENDIAN LockType MATCH_ROM MBEDTLS_VERSION MONO MONO_HLSB MONO_HMSB MONO_VLSB
MSG_DONTWAIT MSG_PEEK MVLSB NATIVE NeoPixel NoneType ONE_SHOT OPEN_DRAIN ORDER OneWire
OneWireError OrderedDict PERIODIC PM_NONE PM_PERFORMANCE PM_POWERSAVE POLLERR POLLHUP
PROTOCOL_DTLS_CLIENT PROTOCOL_DTLS_SERVER PTR PULL_DOWN PULL_UP PWRON_RESET RC RGB565 RingIO
SEARCH_ROM SEC_OPEN SEC_WPA2_WPA3 SEC_WPA3 SEC_WPA_WPA2 SKIP_ROM SOCK_DGRAM SOCK_RAW SOCK_STREAM
SO_BROADCAST SSLSocket STAT_CONNECTING STAT_CONNECT_FAIL STAT_GOT_IP STAT_IDLE STAT_NO_AP_FOUND
STAT_WRONG_PASSWORD STEREO Signal SoftI2C SoftSPI StreamWriter StringIO TextIOWrapper Timer UINT
UINT64 ULONG ULONGLONG USHORT UUID VOID VfsFat VfsLfs2 ViperTypeError WDT WDT_RESET ZLIB abs_tol
accept_conn acos acosh addr4 addr_mode adv_data allocate_lock allowed_mip_url_prefixes asin asinh
atan atan2 atanh baudrate bdev bitstream blit bluetooth bond bound_method bpp bytearray_at
bytecode byteorder bytes_at cadata cafile calcsize ceil cert_reqs certfile change_daemon chdir
chunked cipher client_id closure cmath connectable convert_temp copysign country crc32 crc8
cryptolib cts deepsleep deflate degrees delay deleter deps dest dhcp dht_readinto dict_view
disable disable_irq do_handshake doc dt dump dupterm dupterm_notify duty_ns duty_u16 ellipse
enable_irq encrypt erf erfc errorcode esp essid execfile expm1 fabs fill fill_rect firstbit flags
floor fmod fname framebuf freq frexp gap_advertise gap_connect gap_disconnect gap_name gap_pair
gap_scan gattc_discover_services gattc_exchange_mtu gattc_read gattc_write gatts_indicate
gatts_notify gatts_read gatts_register_services gatts_set_buffer gatts_write generator
get_daemon_status get_ident getcwd getpass getpeercert getrandbits getter gw4 hard hashes
heap_lock heap_unlock heapify heappop heappush heapq hline humidity idle idx ilistdir indices
input_choice input_pass ipconfig ipoll isclose isenabled isfinite isinf isnan kbd_intr keepends
keyfile l_rom ldexp le_secure lgamma libc_ver lightsleep listen_sock localtime log10 log2 makefile
maxsize mem16 mem8 mem_info memaddr mitm mkfs mktime modf modify module mosi mpy namedtuple
newline nodename null opt_level pack_into package_json_url parity parse_headers passive peek phase
pm polar polarity poly progsize prompt ps1 ps2 ptr pyb pyboard python_compiler qstr_info radians
randint randrange read_scratch read_temp readbit readbyte readfrom readfrom_into readfrom_mem
readfrom_mem_into readsize recv recv_into recvfrom rejected rel_tol requesting resp_data rmdir
rssi rts rwb rx rxbuf schedule sck scl scroll sda search select_rom send_html sendall sendbreak
sendto separators server_handshake setter settime settimeout setup_conn short_hash single sizeof
sleep_us src stack_size stack_use start_foreground static_host stations stderr stdin subscribe
sysname sz tau tb threshold tick_hz ticks_us time_ns time_pulse_us timeout_char timing toggle
trigger trunc tx txbuf txpower uctypes umount uname uniform unlink unpack_from unregister urls
usys version_info vline wait_for webrepl_cfg write_readinto write_scratch writebit writebyte
writeto writeto_mem writevto
"""
NAMES = tuple(_TEXT.split())

_OF_MEMBERS_TEXT = """
count end find index insert isalpha isdigit islower isspace isupper little main popitem reverse
rfind rindex rstrip sep setdefault sort start step stop
"""
OF_MEMBERS = tuple(_OF_MEMBERS_TEXT.split())

_BY_NUMBER_TEXT = """
append args clear close copy endswith extend from_bytes get items join key keys lower lstrip pop
read readinto readline remove replace rsplit send split startswith strip throw to_bytes update
upper value values write
"""
BY_NUMBER = tuple(_BY_NUMBER_TEXT.split()) + OF_MEMBERS

_TAKEN_TEXT = """
NO_MEMORY RESET TABLE aclose awrite blocks encode exists feed get_extra_info headers hold invert
poller secret seed set_clock target to_bytes touch view wrap_socket
"""
TAKEN = frozenset(_TAKEN_TEXT.split())
