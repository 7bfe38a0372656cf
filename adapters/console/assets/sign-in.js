// The sign-in form.
import { request } from "./server.js";

const at = (id) => document.getElementById(id);

at("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = event.target.querySelector("button");
  const problem = at("problem");
  button.disabled = true;
  problem.hidden = true;
  try {
    await request("/sign-in", { name: at("name").value, password: at("password").value });
    location.replace("/" + location.hash);
  } catch (error) {
    problem.textContent = error.message;
    problem.hidden = false;
    at("password").select();
  } finally {
    button.disabled = false;
  }
});
