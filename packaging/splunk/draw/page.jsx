// Draws the dashboard that the page holds as window.dashboard, with Splunk's own components.
import React from 'react';
import { createRoot } from 'react-dom/client';
import DashboardCore from '@splunk/dashboard-core';
import { DashboardContextProvider } from '@splunk/dashboard-context';
import EnterpriseViewOnlyPreset from '@splunk/dashboard-presets/EnterpriseViewOnlyPreset';
import { SplunkThemeProvider } from '@splunk/themes';

createRoot(document.getElementById('dashboard')).render(
    <SplunkThemeProvider family="enterprise" colorScheme="light" density="compact">
        <DashboardContextProvider preset={EnterpriseViewOnlyPreset} initialDefinition={window.dashboard} initialMode="view">
            <DashboardCore width="1440px" height="auto" />
        </DashboardContextProvider>
    </SplunkThemeProvider>
);
