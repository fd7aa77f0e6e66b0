import { Alert, Code, List, Stack, Text } from '@mantine/core';
import { IconMicrophoneOff } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

/** Browsers give the microphone to https:// and to http://localhost alone. */
export function isInsecureOrigin(): boolean {
  return !window.isSecureContext;
}

/** Why the microphone cannot be used on this address, and the three ways out. In both languages: it is read by whoever stands there first. */
export function InsecureOrigin(): ReactNode {
  const { t } = useTranslation();
  if (!isInsecureOrigin()) return null;
  const secureUrl = `https://${window.location.hostname}`;
  return (
    <Alert
      color="orange"
      variant="light"
      icon={<IconMicrophoneOff aria-hidden />}
      title={t('insecure.title', { lng: 'ja' })}
      role="alert"
      data-testid="insecure-origin"
    >
      <Stack gap="xs">
        <Text size="sm">{t('insecure.why', { lng: 'ja', origin: window.location.origin })}</Text>
        <List size="sm" spacing={4}>
          <List.Item>{t('insecure.localhost', { lng: 'ja' })}</List.Item>
          <List.Item>
            {t('insecure.certificate', { lng: 'ja' })}
            <Code block mt={4}>
              npm run denwaban -- certificate
            </Code>
          </List.Item>
          <List.Item>{t('insecure.proxy', { lng: 'ja', url: secureUrl })}</List.Item>
        </List>
        <Text size="sm" c="dimmed" lang="en">
          {t('insecure.english', { lng: 'en', origin: window.location.origin, url: secureUrl })}
        </Text>
      </Stack>
    </Alert>
  );
}
