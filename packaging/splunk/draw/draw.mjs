// draw.mjs DATA OUT: draws each dashboard in the folder DATA (definitions whose data sources hold data) with Splunk's components in
// Chromium, and writes OUT/NAME.png. An error in a page, or a mistake in a definition, ends it with 1.
import { build } from 'esbuild';
import puppeteer from 'puppeteer-core';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const [data, out] = process.argv.slice(2);
const work = mkdtempSync(join(tmpdir(), 'riskrelay-draw-'));
const here = dirname(fileURLToPath(import.meta.url));
await build({
    entryPoints: [join(here, 'page.jsx')], outfile: join(work, 'page.js'), bundle: true, minify: true, logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"', global: 'window' }, loader: { '.svg': 'dataurl', '.woff': 'dataurl', '.woff2': 'dataurl' },
});
const browser = await puppeteer.launch({ timeout: 0, protocolTimeout: 0,
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--hide-scrollbars', '--allow-file-access-from-files'],
});
let failed = false;
for (const file of readdirSync(data).filter((f) => f.endsWith('.json')).sort()) {
    const definition = readFileSync(join(data, file), 'utf8');
    const html = join(work, `${file}.html`);
    writeFileSync(html, `<!doctype html><meta charset="utf-8"><body style="margin:0"><div id="dashboard"></div>
<script>window.original = ${script(readFileSync(join(here, '../dashboards', file), 'utf8'))}; window.dashboard = ${script(definition)}</script><script src="page.js"></script>`);
    const page = await browser.newPage();
    page.setDefaultTimeout(0); // a busy machine needs what it needs
    await page.emulateTimezone('UTC');
    page.on('pageerror', (e) => { failed = true; console.error(`${file}: ${e.message}`); });
    page.on('console', (m) => { if (process.env.VERBOSE) console.error(`${file}: ${m.type()}: ${m.text()}`); });
    await page.setViewport({ width: 1440, height: 1300 });
    await page.goto(pathToFileURL(html).href, { waitUntil: 'domcontentloaded' });
    const wanted = Object.keys(JSON.parse(definition).visualizations).length;
    await page.waitForFunction((n) => document.querySelectorAll(
        '[data-test="SingleValueWrapper"], [data-test="table-container"], [data-test="charting-container"] svg').length >= n, {}, wanted);
    const dashboard = await page.$('[data-test="DashboardLayoutContainer"]');
    await stable(dashboard, join(out, basename(file, '.json') + '.png'));
    console.log(`${file}: drawn`);
    await page.close();
}
await browser.close();
rmSync(work, { recursive: true });
process.exit(failed ? 1 : 0);

// script is JSON as it may stand in a script of a page.
function script(json) {
    return json.replaceAll('<', '\\u003c');
}

// stable writes a picture once two in a row are the same: charts grow into their places.
async function stable(element, path) {
    for (let before = '', n = 0; n < 30; n++) {
        const picture = Buffer.from(await element.screenshot());
        if (before && picture.equals(before)) {
            writeFileSync(path, picture);
            return;
        }
        before = picture;
    }
    throw new Error(`${path}: the picture never stands still`);
}
