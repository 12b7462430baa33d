import type { CDPSession, Page } from 'playwright-core';
import { until } from '../wait.js';

/** What a screen reader knows of an element. */
export interface AccessibleNode {
  role: string;
  name: string;
  value: string;
  description: string;
  isFocused: boolean;
}

interface RawNode {
  ignored: boolean;
  role?: { value: string };
  name?: { value: string };
  value?: { value: unknown };
  description?: { value: string };
  properties?: { name: string; value: { value: unknown } }[];
}

/** Somebody who reads the page by its accessibility tree, and acts by keys alone. */
export class ScreenReader {
  private constructor(
    private readonly page: Page,
    private readonly session: CDPSession,
  ) {}

  static async of(page: Page): Promise<ScreenReader> {
    const session = await page.context().newCDPSession(page);
    await session.send('Accessibility.enable');
    return new ScreenReader(page, session);
  }

  /** Everything that is said. */
  async tree(): Promise<AccessibleNode[]> {
    const { nodes } = (await this.session.send('Accessibility.getFullAXTree')) as { nodes: RawNode[] };
    return nodes
      .filter(({ ignored }) => !ignored)
      .map(({ role, name, value, description, properties = [] }) => ({
        role: role?.value ?? '',
        name: name?.value ?? '',
        value: String(value?.value ?? ''),
        description: description?.value ?? '',
        isFocused: properties.some((each) => each.name === 'focused' && each.value.value === true),
      }));
  }

  /** What is said twice: names that are descriptions, too. */
  async saidTwice(): Promise<string[]> {
    const nodes = await this.tree();
    return nodes.filter(({ name, description }) => name && name === description).map(({ name }) => name);
  }

  /** What has the focus: the page itself is the first of the tree, and has it together with an element. */
  async focused(): Promise<AccessibleNode> {
    const nodes = (await this.tree()).filter(({ isFocused }) => isFocused);
    return nodes.at(-1) ?? { role: 'RootWebArea', name: '', value: '', description: '', isFocused: true };
  }

  /** Waits until there is such an element, and gives it. */
  async hear(role: string, name: RegExp): Promise<AccessibleNode> {
    let nodes: AccessibleNode[] = [];
    let found: AccessibleNode | undefined;
    const look = async () => {
      nodes = await this.tree();
      found = nodes.find((node) => node.role === role && name.test(node.name));
      return found !== undefined;
    };
    await until(look).catch(() => {
      const names = nodes.filter((node) => node.role === role).map((node) => node.name);
      throw new Error(`not heard: ${role} ${String(name)}, but ${names.join(' | ')}`);
    });
    return found!;
  }

  async press(...keys: string[]): Promise<void> {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  async type(text: string): Promise<void> {
    await this.page.keyboard.type(text);
  }

  /** Waits until something else than the page itself has the focus: a key is not to begin at its top. */
  async hasFocus(): Promise<void> {
    await until(async () => (await this.focused()).role !== 'RootWebArea');
  }

  /** Waits until an element of this role and name has the focus. */
  async isOn(role: string, name: string | RegExp): Promise<void> {
    let node: AccessibleNode | undefined;
    const look = async () => {
      node = await this.focused();
      return node.role === role && (typeof name === 'string' ? node.name === name : name.test(node.name));
    };
    await until(look).catch(() => {
      throw new Error(`not focused: ${role} ${String(name)}, but ${node?.role} "${node?.name}"`);
    });
  }

  /** Goes by Tab, or another key, to the next element of this role and name, as soon as there is one. */
  async goTo(role: string, name: RegExp, key = 'Tab'): Promise<void> {
    await this.hear(role, name);
    const passed: string[] = [];
    for (let count = 0; count < 80; count++) {
      const node = await this.focused();
      if (node.role === role && name.test(node.name)) return;
      passed.push(`${node.role} "${node.name}"`);
      await this.press(key);
    }
    throw new Error(`not reached: ${role} ${String(name)}; passed: ${passed.join(', ')}`);
  }
}
