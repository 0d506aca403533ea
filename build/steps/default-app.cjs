// The default app of the Electron stand-in: `electron <folder>` loads that folder's package.json and requires its main.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { app, dialog } = require('electron');

const words = process.argv.slice(1);
let target;
for (let i = 0; i < words.length && target === undefined; i += 1) {
  if (words[i] === '-r' || words[i] === '--require') {
    i += 1;
    require(path.resolve(words[i]));
  } else if (!words[i].startsWith('-')) target = path.resolve(words[i]);
}
process.defaultApp = true;

if (target === undefined) {
  dialog.showErrorBox('Electron', 'Usage: electron <folder of an app>');
  app.exit(1);
} else {
  let main = target;
  if (fs.statSync(target).isDirectory()) {
    const about = JSON.parse(fs.readFileSync(path.join(target, 'package.json'), 'utf8'));
    app.setName(about.productName || about.name);
    if (about.version) app.setVersion(about.version);
    app.setAppPath(target);
    main = path.join(target, about.main || 'index.js');
  } else {
    app.setAppPath(path.dirname(target));
  }
  require(main);
}
