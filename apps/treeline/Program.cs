using Treeline.App.Commands;

return await TreelineCommand.RunAsync(args);
