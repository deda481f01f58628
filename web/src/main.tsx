// SPDX-License-Identifier: Apache-2.0
import { render } from "preact";
import "uplot/dist/uPlot.min.css";
import { App } from "./app";
import { follow } from "./store";
import "./theme.css";
import "./frame.css";
import "./parts.css";
import "./tables.css";
import "./narrow.css";

void follow();
render(<App />, document.getElementById("app") as HTMLElement);
