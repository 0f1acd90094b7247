import type { ReactElement } from "react";
import { Tab, TabList, TabPanel, Tabs } from "react-aria-components";
import { Panel } from "../../kit/Panel";
import { Copy } from "../shared/Copy";
import type { Deployed } from "./Deploy";

/** How other programs ask the model. */
export function CodeTabs({ code, on }: { code: Deployed["code"]; on: boolean }): ReactElement {
  return (
    <Panel title="From other programs">
      <Tabs className="tabs">
        <TabList aria-label="Languages" className="tab-list">
          {code.map((one) => (
            <Tab key={one.name} id={one.name} className="tab">
              {one.name}
            </Tab>
          ))}
        </TabList>
        {code.map((one) => (
          <TabPanel key={one.name} id={one.name} className="tab-panel">
            <div className="code-head">
              <p className="quiet small">
                {one.how}
                {!on && " Switch the model on first."}
              </p>
              <Copy text={one.code} label={`Copy the ${one.name} code`} />
            </div>
            <pre className="code" tabIndex={0} aria-label={`${one.name} code`}>
              {one.code}
            </pre>
          </TabPanel>
        ))}
      </Tabs>
    </Panel>
  );
}
