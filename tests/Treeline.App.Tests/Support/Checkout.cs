namespace Treeline.App.Tests.Support;

/// <summary>The repository that these tests were built from.</summary>
internal static class Checkout
{
    public static string Root { get; } = Find();

    public static string File(string name) => Path.Combine(Root, name);

    private static string Find()
    {
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (System.IO.File.Exists(Path.Combine(folder, "Treeline.slnx")))
            {
                return folder;
            }
        }

        throw new InvalidOperationException($"{AppContext.BaseDirectory} is not inside a checkout of Treeline.");
    }
}
