// Draws the dashboard that the page holds as window.dashboard, with Splunk's own components, once their schema, with the options of all
// of them, finds nothing wrong in window.original, which has searches in place of the data.
import React from 'react';
import { createRoot } from 'react-dom/client';
import DashboardCore from '@splunk/dashboard-core';
import { DashboardContextProvider } from '@splunk/dashboard-context';
import EnterpriseViewOnlyPreset from '@splunk/dashboard-presets/EnterpriseViewOnlyPreset';
import { createSchemaBasedOnPresets } from '@splunk/dashboard-definition';
import { SplunkThemeProvider } from '@splunk/themes';
import Ajv from 'ajv';

const validate = new Ajv({ allErrors: true, strict: false }).compile(createSchemaBasedOnPresets(EnterpriseViewOnlyPreset));
if (!validate(window.original)) {
    throw new Error(validate.errors.map((e) => `${e.instancePath} ${e.message}`).join('\n'));
}

createRoot(document.getElementById('dashboard')).render(
    <SplunkThemeProvider family="enterprise" colorScheme="light" density="compact">
        <DashboardContextProvider preset={EnterpriseViewOnlyPreset} initialDefinition={window.dashboard} initialMode="view">
            <DashboardCore width="1440px" height="auto" />
        </DashboardContextProvider>
    </SplunkThemeProvider>
);
