namespace Treeline.App.Server;

/// <summary>What is wrong with one field of a request. <paramref name="Message"/> is a phrase without full stop.</summary>
internal readonly record struct FieldError(string Field, string Message);
