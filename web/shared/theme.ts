import { createTheme } from '@mantine/core';
import type { ButtonProps, CSSVariablesResolver, MantineColorsTuple } from '@mantine/core';

/** 藍: the one accent colour. Everything else is grey or says a state. */
const indigo: MantineColorsTuple = [
  '#f2f6fc',
  '#e4ecf8',
  '#b6cae9',
  '#8eaddd',
  '#6c94d3',
  '#5784cd',
  '#4376c4',
  '#3566b1',
  '#2d5aa4',
  '#204a8d',
];

/*
 * The colours of states: well, mind this, wrong. White on the shades from the seventh on, and the
 * darkest on the palest, has a contrast of at least 4.5 : 1.
 */
const teal: MantineColorsTuple = [
  '#f0faf6',
  '#dff3ea',
  '#bfe6d6',
  '#93d4bb',
  '#63bf9c',
  '#3aa981',
  '#177f5c',
  '#117855',
  '#0b6e4d',
  '#08573d',
];
const orange: MantineColorsTuple = [
  '#fff7ee',
  '#fdebd8',
  '#f9d3a9',
  '#f4b873',
  '#ee9d45',
  '#e58321',
  '#b45a08',
  '#b05607',
  '#ad5207',
  '#863c04',
];
const red: MantineColorsTuple = [
  '#fef2f1',
  '#fde4e2',
  '#f8c1bf',
  '#f2a09d',
  '#ec7f7b',
  '#e3605b',
  '#cf3a35',
  '#c6302b',
  '#bb2621',
  '#951a16',
];

const FONTS = [
  "'Hiragino Sans'",
  "'Noto Sans JP'",
  "'Noto Sans CJK JP'",
  "'Yu Gothic UI'",
  'Meiryo',
  'system-ui',
  'sans-serif',
].join(', ');

/** Bold is for the one thing to do; a screen full of bold buttons has none. */
function buttonStyles(_theme: unknown, { variant = 'filled' }: ButtonProps): object {
  return { root: { fontWeight: variant === 'filled' ? 600 : 400 } };
}

export const theme = createTheme({
  colors: { indigo, teal, orange, red },
  primaryColor: 'indigo',
  primaryShade: { light: 8, dark: 6 },
  autoContrast: true,
  fontFamily: FONTS,
  headings: { fontFamily: FONTS, fontWeight: '600' },
  fontSizes: { xs: '0.8125rem', sm: '0.9375rem', md: '1rem', lg: '1.125rem', xl: '1.375rem' },
  defaultRadius: 'sm',
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Badge: {
      defaultProps: { variant: 'light', size: 'lg', radius: 'sm', tt: 'none', fw: 600 },
      // A state is never cut short for want of room.
      styles: { root: { flexShrink: 0 }, label: { overflow: 'visible' } },
    },
    Button: { styles: buttonStyles },
    // Below 16 px a telephone zooms into the field that is tapped.
    Input: { styles: { input: { fontSize: 'var(--mantine-font-size-md)' } } },
    // The fonts above have no medium weight: a label would be as loud as a heading.
    InputWrapper: { styles: { label: { fontWeight: 400, marginBottom: 2 } } },
    // In the text's own font: `Alt` in a typewriter's at 10 px is not read in passing.
    Kbd: {
      styles: {
        root: {
          fontFamily: 'inherit',
          fontSize: '0.75rem',
          fontWeight: 400,
          lineHeight: 1.25,
          padding: '0 4px',
          borderBottomWidth: 2,
        },
      },
    },
    Alert: { styles: { wrapper: { alignItems: 'center' }, icon: { alignSelf: 'flex-start' } } },
    Menu: { defaultProps: { transitionProps: { duration: 100 } } },
    Modal: {
      defaultProps: { transitionProps: { duration: 120 }, centered: true },
      styles: { title: { lineHeight: 1.4 } },
    },
    Paper: { defaultProps: { withBorder: true, radius: 'md' } },
    SegmentedControl: {
      defaultProps: { transitionDuration: 100 },
      styles: { label: { fontWeight: 400 } },
    },
    Tooltip: { defaultProps: { openDelay: 400, transitionProps: { duration: 100 } } },
  },
});

/** Grounds and texts: secondary text has a contrast of 4.5 : 1 on both, pure black is too hard for six hours. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-text': '#1b2127',
    '--mantine-color-dimmed': '#57606a',
    '--mantine-color-default-border': '#d3d9df',
    '--mantine-color-placeholder': '#667079',
    '--mantine-color-error': 'var(--mantine-color-red-8)',
    '--denwaban-ground': '#f3f5f8',
  },
  dark: {
    '--mantine-color-text': '#d8dade',
    '--mantine-color-dimmed': '#a9adb3',
    '--mantine-color-placeholder': '#9da2a9',
    '--mantine-color-error': 'var(--mantine-color-red-4)',
    '--denwaban-ground': 'var(--mantine-color-dark-8)',
  },
});
