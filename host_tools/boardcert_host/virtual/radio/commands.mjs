/** The commands for the networks around a board, as JSON lines: {"command": "air", "action", "ssid", "value"}. */
import { parseAddress } from './bytes.mjs';

const actions = {
  status: () => {},
  add: ({ air }, _, value) => air.add(value),
  remove: ({ air }, ssid) => air.remove(ssid),
  set: ({ air }, ssid, value) => {
    const names = ssid === null ? new Set(air.networks.map((network) => network.ssid)) : [ssid];
    for (const name of names) air.set(name, value);
  },
  deauthenticate: (machine, _, reason) => radioOf(machine).deauthenticate(reason),
  associate: (machine, _, [address, password]) =>
    radioOf(machine).accessPoint.associate(parseAddress(address), password),
  disassociate: (machine, _, [address]) => radioOf(machine).accessPoint.disassociate(parseAddress(address)),
};

function radioOf(machine) {
  if (!machine.powered) throw new Error('the board is off');
  return machine.chip.radio;
}

/** Do *action* and return the radio's state. */
export function airCommand(machine, { action, ssid = null, value }) {
  if (!Object.hasOwn(actions, action)) throw new Error(`unknown action "${action}"`);
  actions[action](machine, ssid, value);
  return { radio: machine.powered ? machine.chip.radio.status() : null };
}
