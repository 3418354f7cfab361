/** The commands for a board's network, as JSON lines: {"command": "network", "action", "value"}. */
import { STATION_MAC } from './station_host.mjs';
import { macBytes } from './addresses.mjs';

const OF_NETWORK = ['forward', 'probe', 'setCapture', 'setConditions', 'setGateway', 'setLease', 'setTime'];

const OF_ACCESS_POINT = {
  joinAccessPoint: ({ chip, station }, { password }) => {
    chip.radio.accessPoint.associate(macBytes(STATION_MAC), password);
    station.join(chip.clock);
  },
  leaveAccessPoint: ({ chip, station }) => {
    station.leave();
    chip.radio.accessPoint.disassociate(macBytes(STATION_MAC));
  },
  forwardByAccessPoint: ({ station }, value) => station.forward(value),
};

/** Do *action* for *machine* and return what is to be replied, or a promise of it. */
export function networkCommand(machine, { action, value }) {
  if (Object.hasOwn(OF_ACCESS_POINT, action)) {
    if (!machine.powered) throw new Error('the board is off');
    return OF_ACCESS_POINT[action](machine, value);
  }
  if (!OF_NETWORK.includes(action)) throw new Error(`unknown action "${action}"`);
  if (!machine.network) throw new Error('the board has no network');
  return machine.network[action](value);
}
