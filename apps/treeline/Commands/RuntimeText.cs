using Treeline.App.Wire;

namespace Treeline.App.Commands;

/// <summary>Says on which runtime jobs run.</summary>
internal static class RuntimeText
{
    /// <summary>A phrase: <c>Treeline's runtime: 2 workers, epoll</c>.</summary>
    public static string Of(RuntimeBody runtime) =>
        $"Treeline's runtime: {runtime.Workers} {(runtime.Workers == 1 ? "worker" : "workers")}, {runtime.Driver}";
}
