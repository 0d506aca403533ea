// Main process for the pictures: one window without frame, locked down like the product's, on the page it is told.
const { app, BrowserWindow } = require('electron');

app.commandLine.appendSwitch('force-color-profile', 'srgb');
app.commandLine.appendSwitch('force-device-scale-factor', '1');

void app.whenReady().then(() => {
  const window = new BrowserWindow({
    width: 1440,
    height: 900,
    useContentSize: true,
    frame: false,
    webPreferences: {
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      backgroundThrottling: false,
    },
  });
  return window.loadURL(process.env['MESOLITE_SCREENS_URL'] ?? 'about:blank');
});
app.on('window-all-closed', () => app.quit());
