// Bottender's own way to say which channels there are and where sessions are kept.
module.exports = {
  session: {
    driver: process.env.SESSION_DRIVER,
    stores: {
      memory: { maxSize: 500 },
      redis: { host: "127.0.0.1", port: Number(process.env.REDIS_PORT) },
    },
  },
  channels: {
    line: {
      enabled: true,
      path: "/callback",
      accessToken: process.env.LINE_CHANNEL_ACCESS_TOKEN,
      channelSecret: process.env.LINE_CHANNEL_SECRET,
      origin: process.env.LINE_API_BASE,
    },
  },
};
