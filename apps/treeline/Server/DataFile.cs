namespace Treeline.App.Server;

/// <summary>Where jobs are kept when nobody says where.</summary>
internal static class DataFile
{
    /// <summary><c>treeline/jobs.db</c> under the user's data directory: <c>$XDG_DATA_HOME</c> or
    /// <c>~/.local/share</c> on Linux, <c>%LOCALAPPDATA%</c> on Windows, <c>~/Library/Application Support</c> on macOS.</summary>
    public static string Default
    {
        get
        {
            // The base class library reads XDG_DATA_HOME too; DoNotVerify because the folder may have to be made.
            string data = Environment.GetFolderPath(
                Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
            return Path.Combine(data.Length > 0 ? data : Path.GetTempPath(), "treeline", "jobs.db");
        }
    }
}
