/** `--lan` in a network of its own: who is answered, by which name, what a phone is shown, another network, and the goodbye. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until, within } from '../support/deadline.js';
import { OwnNetwork, outputOf } from '../support/own-network.js';
import { PATIENCE_MS, StartedFront } from '../support/started-front.js';

/** A machine with a Wi-Fi that nobody else is in. */
const NETWORK = `
ip link add wlan0 type veth peer name air
ip addr add 192.168.77.5/24 dev wlan0
ip link set wlan0 up
ip link set air up`;

/** What a phone in that network gets: the page, the app by address, and the name by an ephemeral port. */
const PHONE = `
const { createSocket } = require('node:dgram');
const { request } = require('node:https');
const { readFileSync } = require('node:fs');
const ca = readFileSync(process.argv[1]);
const status = (host, servername) => new Promise((resolve) => {
  request({ host, port: 8443, ca, servername, path: '/' }, (answer) => resolve(answer.statusCode)).once('error', (error) => resolve(error.code)).end();
});
const name = () => new Promise((resolve) => {
  const socket = createSocket('udp4');
  const question = Buffer.from('1234000000010000000000000473686f70056c6f63616c0000010001', 'hex');
  socket.on('message', (answer) => { clearInterval(again); socket.close(); resolve(answer.toString('hex')); });
  const ask = () => socket.send(question, 5353, '224.0.0.251');
  const again = setInterval(ask, 500);
  socket.bind(0, () => { socket.setMulticastInterface('192.168.77.5'); ask(); });
});
(async () => {
  const page = await fetch('http://192.168.77.5:4480/', { headers: { 'user-agent': 'iPhone' } });
  console.log(JSON.stringify({
    page: (await page.text()).includes('Certificate Trust Settings'),
    address: await status('192.168.77.5', undefined),
    name: await status('192.168.77.5', 'shop.local'),
    mdns: await name(),
  }));
})();`;

/** Says when it hears our records with no time to live. */
const EAR = `
const { createSocket } = require('node:dgram');
const socket = createSocket({ type: 'udp4', reuseAddr: true });
socket.on('message', (packet) => {
  if (packet.toString('hex').includes('0473686f70056c6f63616c0000018001000000000004c0a84d05')) { console.log('goodbye'); socket.close(); }
});
socket.bind(5353, () => { socket.addMembership('224.0.0.251', '192.168.77.5'); console.log('listening'); });`;

test('phones are served in the private network, by address and name; another network is served too; the name is taken back', async (t) => {
  const network = OwnNetwork.find(t, NETWORK);
  if (network === null) return;
  const front = await StartedFront.start({
    program: network.program,
    arguments: ['--lan', '--name', 'shop', '--listen', '8443', '--health-answer', '/', '--upstream', '9'],
  });
  t.after(() => front.stop());
  const way = network.beside(front);
  const authority = front.authorityFile;
  await front.logged(/for phones: http:\/\/192\.168\.77\.5:4480 shows how to trust/);
  assert.match(front.log, /tlsfront is ready: https:\/\/localhost:8443 .*https:\/\/192\.168\.77\.5:8443/);
  assert.match(front.log, /on the network: https:\/\/192\.168\.77\.5:8443 https:\/\/shop\.local:8443/);

  const phone = outputOf(t, way, process.execPath, '-e', PHONE, authority);
  await until(() => phone.text.endsWith('}\n'), PATIENCE_MS, `what the phone saw: ${phone.text}`);
  const question = '0473686f70056c6f63616c0000010001';
  assert.deepEqual(JSON.parse(phone.text), {
    page: true,
    address: 200,
    name: 200,
    mdns: `123484000001000100000000${question}${question}0000000a0004c0a84d05`,
  });
  await front.logged(/192\.168\.77\.5 \(iPhone or iPad\) looks at the page/);

  outputOf(t, way, 'ip', 'addr', 'add', '192.168.88.7/24', 'dev', 'wlan0');
  await front.logged(/received word of another network[\s\S]*the new generation serves[\s\S]*for phones:/);
  assert.match(front.log, /on the network: https:\/\/192\.168\.77\.5:8443 https:\/\/192\.168\.88\.7:8443/);
  const again = outputOf(
    t,
    way,
    process.execPath,
    '-e',
    PHONE.replace("status('192.168.77.5', undefined)", "status('192.168.88.7', undefined)"),
    authority,
  );
  await until(() => again.text.endsWith('}\n'), PATIENCE_MS, `what the phone saw there: ${again.text}`);
  assert.match(again.text, /"page":true,"address":200,"name":200/);

  const ear = outputOf(t, way, process.execPath, '-e', EAR);
  await until(() => ear.text.includes('listening'), PATIENCE_MS, `an ear: ${ear.text}`);
  front.child.kill('SIGTERM');
  assert.equal(await within(front.ended, PATIENCE_MS, 'the end'), 0);
  await until(() => ear.text.includes('goodbye'), PATIENCE_MS, 'the goodbye');
  await front.nothingLeft();
});
