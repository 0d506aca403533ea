// Loaded into the main process before the app (`-r`): holds the app back until the test driver is attached. The driver
// loses sight of a page for good when it attaches in the very moment in which the page's navigation commits.
'use strict';
const { app } = require('electron');

const gate = new Promise((resolve) => {
  globalThis.letAppStart = resolve;
});
const whenReady = app.whenReady.bind(app);
app.whenReady = () => gate.then(whenReady);
