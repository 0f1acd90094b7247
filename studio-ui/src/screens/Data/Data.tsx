import type { ReactElement } from "react";
import { Empty } from "../../kit/Empty";
import type { ScreenProps } from "../table";

export default function Data(_props: ScreenProps): ReactElement {
  return <Empty glyph="sprout" title="No table yet" next={{ label: "Choose a table", to: "/data" }} />;
}
