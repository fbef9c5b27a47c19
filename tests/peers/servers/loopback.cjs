// Preload (`node --require`): a server that names no address to listen on gets the loopback one instead of every
// network of the machine. For peers whose own code offers no choice.
const net = require("node:net");

const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (...args) {
  const [first, second] = args;
  const isPort = typeof first === "number" || (typeof first === "string" && /^\d+$/.test(first));
  if (isPort && typeof second !== "string") args.splice(1, 0, "127.0.0.1");
  return listen.apply(this, args);
};
