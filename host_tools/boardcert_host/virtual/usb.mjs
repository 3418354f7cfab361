/** The computer's end of the board's USB serial port: enumerates the device, then joins its bulk pipes to TCP. */
import { createSetupPacket, DataDirection, SetupRecipient, SetupType } from './rp2040js.mjs';

const GET_DESCRIPTOR = 6;
const SET_ADDRESS = 5;
const SET_CONFIGURATION = 9;
const CDC_SET_CONTROL_LINE_STATE = 0x22;
const DTR_AND_RTS = 3;
const TYPE_CONFIGURATION = 2;
const CONFIGURATION_HEADER_BYTES = 9;
const TYPE_INTERFACE = 4;
const TYPE_ENDPOINT = 5;
const CLASS_CDC_CONTROL = 2;
const CLASS_CDC_DATA = 10;
const ENDPOINT_IN = 0x80;
const BULK = 2;
const REGISTERS = ['addrEndp', 'mainCtrl', 'sieStatus', 'sieCtrl', 'buffStatus', 'intRaw', 'intEnable', 'intForce'];
const STATUS_STAGE_NANOS = 50_000;

export class USBSerial {
  /** *usb*: the RPUSBController; *line*: a TCPLine; *onReady*: called when the port can be used. */
  constructor(usb, line, onReady) {
    this.usb = usb;
    this.line = line;
    this.onReady = onReady;
    this.nextAlarm = usb.rp2040.clock.createAlarm(() => this.#nextRequest());
    this.#unplug();
    usb.onUSBEnabled = () => usb.resetDevice();
    usb.onResetReceived = () => this.#enumerate();
    usb.onEndpointWrite = (endpoint, data) => this.#fromDevice(endpoint, data);
    usb.onEndpointRead = (endpoint, size) => this.#deviceListens(endpoint, size);
  }

  /** Raise or drop DTR: MicroPython sends output only while it is raised. */
  setConnected(connected) {
    if (!this.port) return;
    this.#request({
      type: SetupType.Class,
      recipient: SetupRecipient.Interface,
      bRequest: CDC_SET_CONTROL_LINE_STATE,
      wValue: connected ? DTR_AND_RTS : 0,
      wIndex: this.port.controlInterface,
    });
  }

  /** Give the device what the client has sent, when the device listens. */
  feed() {
    if (!this.armedBytes || !this.line.available) return;
    const data = this.line.take(this.armedBytes);
    this.armedBytes = 0;
    this.usb.endpointReadDone(this.port.out, data);
  }

  /** Put the controller into the state after its reset, which rp2040js does not do. */
  reset() {
    const { usb } = this;
    this.#unplug();
    usb.resetAlarm.cancel();
    for (const endpoint of [...usb.endpointReadAlarms, ...usb.endpointWriteAlarms]) {
      endpoint.alarm.cancel();
      endpoint.buffers.length = 0;
    }
    for (const register of REGISTERS) usb[register] = 0;
    usb.checkInterrupts();
  }

  #unplug() {
    this.nextAlarm.cancel();
    this.requests = [];
    this.current = null;
    this.port = null;
    this.armedBytes = 0;
  }

  #enumerate() {
    this.#unplug();
    this.#request({ bRequest: SET_ADDRESS, wValue: 1 });
    this.#describe(CONFIGURATION_HEADER_BYTES, (header) => {
      this.#describe(header[2] | (header[3] << 8), (descriptors) => {
        this.port = findSerialPort(descriptors);
        this.#request({ bRequest: SET_CONFIGURATION, wValue: 1 }, () => this.onReady());
      });
    });
  }

  /** Ask for *count* bytes of the configuration descriptor. */
  #describe(count, done) {
    const fields = { bRequest: GET_DESCRIPTOR, wValue: TYPE_CONFIGURATION << 8, wLength: count };
    this.#request({ ...fields, dataDirection: DataDirection.DeviceToHost }, done);
  }

  #request(fields, done = () => {}) {
    const standard = {
      dataDirection: DataDirection.HostToDevice,
      type: SetupType.Standard,
      recipient: SetupRecipient.Device,
      wIndex: 0,
      wLength: 0,
    };
    this.requests.push({ fields: { ...standard, ...fields }, received: [], done });
    if (!this.current) this.#nextRequest();
  }

  #nextRequest() {
    this.current = this.requests.shift() ?? null;
    if (this.current) this.usb.sendSetupPacket(createSetupPacket(this.current.fields));
  }

  #fromDevice(endpoint, data) {
    if (endpoint === 0) this.#controlData(data);
    else if (this.port && endpoint === this.port.in) this.line.write(Buffer.from(data));
  }

  #controlData(data) {
    const { current } = this;
    if (!current) return;
    current.received.push(...data);
    if (current.received.length < current.fields.wLength) return;
    current.done(current.received);
    // A request that read data is over after its status stage, which the device asks for next.
    if (current.fields.wLength === 0) this.#nextRequest();
  }

  #deviceListens(endpoint, size) {
    if (endpoint === 0) {
      this.usb.endpointReadDone(0, new Uint8Array(0));
      this.nextAlarm.schedule(STATUS_STAGE_NANOS);
    } else if (this.port && endpoint === this.port.out) {
      this.armedBytes = size;
      this.feed();
    }
  }
}

/** Return {controlInterface, in, out} of the CDC serial port in a configuration's *descriptors*. */
function findSerialPort(descriptors) {
  const port = { controlInterface: 0, in: 0, out: 0 };
  let inData = false;
  for (let at = 0; at < descriptors.length && descriptors[at] >= 2; at += descriptors[at]) {
    const type = descriptors[at + 1];
    if (type === TYPE_INTERFACE) {
      inData = descriptors[at + 5] === CLASS_CDC_DATA;
      if (descriptors[at + 5] === CLASS_CDC_CONTROL) port.controlInterface = descriptors[at + 2];
    } else if (type === TYPE_ENDPOINT && inData && (descriptors[at + 3] & 3) === BULK) {
      const address = descriptors[at + 2];
      port[address & ENDPOINT_IN ? 'in' : 'out'] = address & 0xf;
    }
  }
  if (!port.in || !port.out) throw new Error('the board offers no USB serial port');
  return port;
}
