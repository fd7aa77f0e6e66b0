import { MantineProvider } from '@mantine/core';
import '@mantine/core/styles.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { queryClient, returnThroughSignIn, router } from './router.tsx';
import { onSessionEnd } from './shared/api.ts';
import './shared/base.css';
import { startI18n } from './shared/i18n.ts';
import { cssVariables, theme } from './shared/theme.ts';

await startI18n();
onSessionEnd(() => void returnThroughSignIn());

const root = document.getElementById('root');
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
        <QueryClientProvider client={queryClient}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
}
