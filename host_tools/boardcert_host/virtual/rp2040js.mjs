/** The rp2040js package, loaded from the folder that Python installed it in (BOARDCERT_NODE_MODULES). */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = process.env.BOARDCERT_NODE_MODULES;
if (!root) throw new Error('BOARDCERT_NODE_MODULES does not name a node_modules folder');

const load = (file) => import(pathToFileURL(join(root, 'rp2040js', 'dist', 'esm', file)));

export const { RP2040, BasePeripheral, GPIOPinState, createSetupPacket, DataDirection, SetupRecipient, SetupType } =
  await load('index.js');
export const { CortexM0Core } = await load('cortex-m0-core.js');
