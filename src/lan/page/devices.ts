/** Which kind of device opens the page, by its User-Agent, and what a person does there to trust the certificate. */

/** The kinds, each with the words for it. */
export const DEVICES = {
  ios: {
    name: 'iPhone or iPad',
    download: { path: '/tlsfront.mobileconfig', label: 'Download the profile' },
    steps: [
      'Tap <b>Download the profile</b> in Safari, and allow it.',
      'Open <b>Settings</b>: tap <b>Profile Downloaded</b> (or General › VPN &amp; Device Management) and <b>Install</b>.',
      'Open Settings › General › About › <b>Certificate Trust Settings</b>, and switch it on.',
      'Come back here.',
    ],
    hint: 'To remove it: Settings › General › VPN &amp; Device Management › Remove Profile.',
  },
  android: {
    name: 'Android',
    download: { path: '/tlsfront.crt', label: 'Download the certificate' },
    steps: [
      'Tap <b>Download the certificate</b>.',
      'Open <b>Settings</b> and search for <b>CA certificate</b> (Security &amp; privacy › More › Encryption &amp; credentials › Install a certificate). Android asks for a screen lock first where there is none.',
      'Tap <b>CA certificate</b>, then <b>Install anyway</b>, and choose <b>tlsfront.crt</b> in Downloads.',
      'Come back here.',
    ],
    hint: 'Chrome takes it at once; apps of your own need a network security configuration. To remove it: Encryption &amp; credentials › User credentials.',
  },
  androidFirefox: {
    name: 'Firefox for Android',
    download: { path: '/tlsfront.crt', label: 'Download the certificate' },
    steps: [
      'Tap <b>Download the certificate</b>.',
      'Open the settings of Android, search for <b>CA certificate</b>, tap <b>Install anyway</b>, and choose <b>tlsfront.crt</b>.',
      'In Firefox open Settings › <b>About Firefox</b> and tap its logo five times.',
      'Go back to Settings: in <b>Secret Settings</b> switch on <b>Use third party CA certificates</b>. Restart Firefox and come back here.',
    ],
    hint: 'To remove it: Android › Encryption &amp; credentials › User credentials.',
  },
  other: {
    name: 'another computer',
    download: { path: '/tlsfront.crt', label: 'Download the certificate' },
    steps: [
      'Click <b>Download the certificate</b>.',
      'Windows: open the file, <b>Install Certificate</b>, store <b>Trusted Root Certification Authorities</b>.',
      'macOS: open the file, then in Keychain Access set it to <b>Always Trust</b>.',
      'Linux and Firefox: Settings › Certificates › Authorities › <b>Import</b>.',
      'Restart the browser and come back here.',
    ],
    hint: 'An iPad that asks for desktop pages is an <a href="?device=ios">iPhone or iPad</a> too.',
  },
} as const satisfies Record<string, DeviceWords>;

export type Device = keyof typeof DEVICES;

interface DeviceWords {
  readonly name: string;
  readonly download: { readonly path: string; readonly label: string };
  /** HTML. */
  readonly steps: readonly string[];
  readonly hint: string;
}

export function isDevice(text: string): text is Device {
  return Object.hasOwn(DEVICES, text);
}

export function deviceOf(userAgent: string): Device {
  if (/iPhone|iPad|iPod/.test(userAgent)) return 'ios';
  if (/Android/.test(userAgent)) return /Firefox\//.test(userAgent) ? 'androidFirefox' : 'android';
  return 'other';
}
