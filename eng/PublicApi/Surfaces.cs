namespace Treeline.PublicApi;

/// <summary>The libraries whose surface is on record, and where.</summary>
public static class Surfaces
{
    /// <summary>The root of the repository this was built from.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The assemblies, each with the file that holds its surface.</summary>
    public static IReadOnlyList<(string Library, string Assembly, string Record)> All { get; } =
    [
        .. new[] { typeof(TaskScope), typeof(Runtime), typeof(Jobs.JobServer), typeof(Testing.VirtualTime) }
            .Select(static type => type.Assembly)
            .Select(static assembly => (assembly.GetName().Name!, assembly.Location,
                Path.Combine(Root, "src", assembly.GetName().Name!, "PublicAPI.txt"))),
    ];

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Treeline.slnx")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName
            ?? throw new InvalidOperationException($"No Treeline.slnx above {AppContext.BaseDirectory}: run this from a checkout.");
    }
}
